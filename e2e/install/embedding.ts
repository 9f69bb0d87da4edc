import { type Page } from './page.ts'

/** How many lines a page asks for: without blank lines and comments, and without the agent, which everybody has another one of. */
export interface Embedding {
  readonly client: number
  readonly server: number
}

export function embeddingOf({ steps }: Page): Embedding {
  const count = (files: RegExp): number =>
    steps
      .filter((step) => step.type === 'file' && files.test(step.path))
      .flatMap((step) => (step.type === 'file' ? step.text.split('\n') : []))
      .filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
  return { client: count(/\.tsx$/), server: count(/(^|\/)(server|route)\.ts$/) }
}

/** What the page itself says. */
export function statedIn({ text }: Page): Embedding {
  const [, client, server] = /(\d+) lines on the page and (\d+) on the\s+server/.exec(text) ?? []
  return { client: Number(client), server: Number(server) }
}
