import { remark } from 'remark'
import { visit } from 'unist-util-visit'

const checked = new Set(['ts', 'tsx'])

/**
 * The TypeScript in a page. `title="path"` in a block's info string says which file it is; `unchecked="reason"`
 * leaves it out of the check.
 * @param {string} markdown
 * @returns {{ lang: string, title: string | null, unchecked: string | null, line: number, text: string }[]} `line` is that of the first line of code
 */
export function codeBlocks(markdown) {
  const blocks = []
  visit(remark().parse(markdown), 'code', ({ lang, meta, value, position }) => {
    if (!checked.has(lang)) return
    const title = inQuotes(meta, 'title')
    blocks.push({ lang, title, unchecked: inQuotes(meta, 'unchecked'), line: position.start.line + 1, text: value })
  })
  return blocks
}

function inQuotes(meta, name) {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(meta ?? '')?.[1] ?? null
}
