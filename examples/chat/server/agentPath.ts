/** Where the page finds the agent proxy. */
export const agentPath = '/api/agent'
