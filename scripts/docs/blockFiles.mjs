import { codeBlocks } from './codeBlocks.mjs'

/**
 * The files that the code of a page comes to. A line of code has the number it has in the page. A block may use
 * what an earlier one has imported, as a reader would; blocks with a title find each other where they say they are.
 * @param {string} markdown
 * @returns {{ path: string, text: string }[]}
 */
export function blockFiles(markdown) {
  const files = new Map()
  const imports = new Map()
  for (const { lang, title, unchecked, line, text } of codeBlocks(markdown)) {
    if (unchecked === '') throw new Error(`Line ${line - 1}: a block that is not checked says why: unchecked="reason".`)
    if (unchecked !== null) continue
    const known = [...imports].filter(([name]) => !declares(text, name)).map(([, statement]) => statement)
    for (const [name, statement] of importsIn(text)) imports.set(name, statement)
    const code = `${known.join(' ')}${'\n'.repeat(line - 1)}${separated(text)}\nexport {}\n`
    const path = title === null || files.has(title) ? `line-${line}.${lang}` : title
    files.set(path, code)
  }
  return [...files].map(([path, text]) => ({ path, text }))
}

/** Each name that is imported, with a statement that imports it alone. */
function importsIn(text) {
  const found = []
  for (const [, typeOnly = '', clause, from] of text.matchAll(/^import (type )?([^'"]+?) from ['"]([^'".][^'"]*)['"]/gm)) {
    const named = /\{([^]*)\}/.exec(clause)?.[1] ?? ''
    const whole = clause.replace(/,?\s*\{[^]*\}/, '').trim()
    if (whole !== '') found.push([whole.replace(/^\* as /, ''), `import ${typeOnly}${whole} from '${from}';`])
    for (const each of named.split(',').map((name) => name.trim())) {
      if (each !== '') found.push([each.split(/\s+/).at(-1), `import ${typeOnly}{ ${each} } from '${from}';`])
    }
  }
  return found
}

function declares(text, name) {
  const word = name.replaceAll('$', '\\$')
  return new RegExp(`^import [^'"]*\\b${word}\\b|\\b(const|let|function|class|type|interface)\\s+${word}\\b`, 'm').test(text)
}

/** Markup after an empty line is markup, and does not compare what stands before it. */
function separated(text) {
  return text.replaceAll(/\n\n(?=<)/g, '\n;\n')
}
