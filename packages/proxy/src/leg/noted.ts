import { type ProxyContext } from '../context.ts'

/**
 * Whether the registry has noted it. An agent that is at work goes on where it has not: it is told again later, and who has a token
 * needs no registry.
 */
export async function noted({ report }: Pick<ProxyContext, 'report'>, note: Promise<void>): Promise<boolean> {
  try {
    await note
    return true
  } catch (error) {
    report(error, 'proxy')
    return false
  }
}
