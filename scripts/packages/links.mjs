import { posix } from 'node:path'
import { remark } from 'remark'
import { visit } from 'unist-util-visit'

/**
 * The links and images of a page in a package that lead to nothing in this package: whoever has it from the registry
 * can not follow them.
 *
 * @param {string} page from the root of the package, with slashes
 * @param {string} markdown
 * @param {readonly string[]} files of the package
 * @returns {string[]} what is wrong
 */
export function linkProblems(page, markdown, files) {
  const problems = []
  visit(remark().parse(markdown), ['link', 'image', 'definition'], ({ url, position }) => {
    const [path = ''] = url.split(/[?#]/)
    if (path === '' || /^[a-z][a-z0-9+.-]*:/i.test(url)) return
    if (files.includes(posix.join(posix.dirname(page), decodeURI(path)))) return
    problems.push(`${page}:${position?.start.line}: ${url} is not in the package. Name it in words, and its path as code.`)
  })
  return problems
}
