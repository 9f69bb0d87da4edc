/** The network comes back: how long until the answer goes on. */
export async function run(): Promise<void> {}
