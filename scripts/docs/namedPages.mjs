import { remark } from 'remark'
import { visit } from 'unist-util-visit'

/**
 * The pages that a text names by their path from the root of the repository, as code: where a link would lead nowhere
 * for those who have the text from a package.
 * @param {string} markdown
 * @returns {{ path: string, line: number }[]}
 */
export function namedPages(markdown) {
  const pages = []
  visit(remark().parse(markdown), 'inlineCode', ({ value, position }) => {
    if (/^docs\/[\w./-]+$/.test(value)) pages.push({ path: value, line: position.start.line })
  })
  return pages
}
