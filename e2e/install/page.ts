import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { remark } from 'remark'
import { visit } from 'unist-util-visit'

/** What a reader of a page in `docs` is told to do, in order. */
export type Step =
  | { readonly type: 'commands'; readonly lines: readonly string[] }
  /** A file that is made, or takes the place of the one that is there. */
  | { readonly type: 'file'; readonly path: string; readonly text: string }
  /** Lines of a file that are changed. */
  | { readonly type: 'change'; readonly path: string; readonly text: string }

export interface Page {
  readonly text: string
  /** Without what comes after "A model in place of the function", which needs a key. */
  readonly steps: readonly Step[]
}

/** The page itself is what the tests follow: code with a title is a file, `sh` is typed in. */
export function readPage(name: string): Page {
  const text = readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
  const steps: Step[] = []
  visit(remark().parse(text.split('## A model in place')[0]), 'code', ({ lang, meta, value }) => {
    const path = /title="([^"]+)"/.exec(meta ?? '')?.[1]
    if (lang === 'sh') steps.push({ type: 'commands', lines: value.split('\n') })
    else if (path !== undefined) steps.push({ type: lang === 'diff' ? 'change' : 'file', path, text: `${value}\n` })
  })
  return { text, steps }
}
