import { type ApiObject } from './apiResponse.ts'
import { stringIn } from '../json.ts'

/** What a response has asked for that this adapter can answer. */
export type PendingItem = ApiObject & { readonly type: 'function_call' | 'custom_tool_call' | 'mcp_approval_request' }

/** Kinds that want a result of whoever asked; of other kinds the provider itself sees to it. */
const wanting: ReadonlySet<unknown> = new Set([
  'function_call',
  'custom_tool_call',
  'mcp_approval_request',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
])

/** What a response asks for. The API refuses every turn behind it that does not bring the answers to all of it. */
export function openItems(output: readonly ApiObject[]): ApiObject[] {
  return output.filter(({ type, call_id: call }) => {
    if (!wanting.has(type)) return false
    return type === 'mcp_approval_request' || !output.some((item) => item.type === `${String(type)}_output` && item.call_id === call)
  })
}

export function isPending(item: ApiObject): item is PendingItem {
  if (item.type === 'mcp_approval_request') return stringIn(item, 'id') !== null
  return (item.type === 'function_call' || item.type === 'custom_tool_call') && stringIn(item, 'call_id') !== null
}

/** Whether it waits for a yes or no to what the provider would do. */
export function isApprovalRequest({ type }: ApiObject): boolean {
  return type === 'mcp_approval_request'
}
