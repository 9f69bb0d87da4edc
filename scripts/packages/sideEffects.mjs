import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

/**
 * What a bundler leaves of an entry that is imported for its side effects alone, by what its package says of them: all
 * of a style sheet, and nothing of anything else.
 *
 * @param {string} app where the packages are installed
 * @param {string} entry such as `@rejoin/react/theme.css`
 * @returns {Promise<string[]>} what is wrong
 */
export async function sideEffectProblems(app, entry) {
  const input = join(app, 'sideEffect.mjs')
  writeFileSync(input, `import '${entry}'\n`)
  const { output } = await build({
    root: app,
    configFile: false,
    logLevel: 'error',
    plugins: [styles],
    build: { write: false, minify: false, modulePreload: false, rolldownOptions: { input, external: (id) => !/^[./]|^@rejoin\//.test(id) } },
  })
  const code = output.map((file) => file.code ?? '').join('').trim()
  if (!entry.endsWith('.css')) return code === '' ? [] : [`import '${entry}' leaves this behind, though nobody asked for it:\n${code}`]
  return code.includes(kept) ? [] : [`import '${entry}' is dropped: "sideEffects" in package.json does not name it.`]
}

const kept = 'styles are applied:'

const suffix = '.mjs'

/** A style sheet as bundlers other than Vite take it: a module like any other, dropped where nothing says that it does something. */
const styles = {
  name: 'styles',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (!source.endsWith('.css')) return null
    const found = await this.resolve(source, importer, { skipSelf: true })
    return found && { ...found, id: found.id + suffix }
  },
  load(id) {
    if (!id.endsWith(`.css${suffix}`)) return null
    return `console.log(${JSON.stringify(`${kept} ${readFileSync(id.slice(0, -suffix.length), 'utf8')}`)})`
  },
}
