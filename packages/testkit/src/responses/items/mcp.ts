import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedMcpApproval, type ScriptedMcpCall, type ScriptedMcpListTools } from '../script.ts'

export function writeMcpListTools(write: ItemWriter, { server, tools = [], error }: ScriptedMcpListTools): OutputItem {
  const fixed = { type: 'mcp_list_tools', server_label: server }
  write.added({ ...fixed, tools: [] })
  write.event('response.mcp_list_tools.in_progress')
  write.ending()
  write.event(`response.mcp_list_tools.${error === undefined ? 'completed' : 'failed'}`)
  const listed = tools.map((name) => ({ name, description: null, input_schema: { type: 'object' }, annotations: null }))
  return write.done({ ...fixed, tools: error === undefined ? listed : [], ...(error !== undefined && { error }) })
}

export function writeMcpCall(write: ItemWriter, call: ScriptedMcpCall): OutputItem {
  const { server, name, output = null, error } = call
  const failed = error !== undefined
  const fixed = { type: 'mcp_call', server_label: server, name, approval_request_id: call.approvalRequestId ?? null }
  write.added({ ...fixed, status: 'in_progress', arguments: '', output: null, error: null })
  write.event('response.mcp_call.in_progress')
  const whole = write.text(call.arguments, 'response.mcp_call_arguments.delta')
  write.event('response.mcp_call_arguments.done', { arguments: whole })
  write.ending()
  write.event(`response.mcp_call.${failed ? 'failed' : 'completed'}`)
  return write.done({
    ...fixed,
    status: failed ? 'failed' : write.status,
    arguments: whole,
    output: failed ? null : output,
    error: failed ? { type: 'mcp_tool_execution_error', content: [{ type: 'text', text: error }] } : null,
  })
}

export function writeMcpApproval(write: ItemWriter, request: ScriptedMcpApproval): OutputItem {
  const { server, name } = request
  const item = { type: 'mcp_approval_request', server_label: server, name, arguments: request.arguments }
  write.added(item)
  write.ending()
  return write.done(item)
}
