import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { blockFiles } from './blockFiles.mjs'

/**
 * Compiles the TypeScript of pages against the packages, as in an app that is bundled.
 * @param {string} root the repository
 * @param {string[]} pages paths from there
 * @param {object} [options]
 * @param {string[]} [options.ambient] what the pages take for granted, as absolute paths
 * @param {AbortSignal} [options.signal] gives up, and leaves nothing behind
 * @returns {Promise<{ errors: string[], files: number }>} errors name the page and its line
 */
export async function checkCode(root, pages, { ambient = standard, signal } = {}) {
  // Below docs, so that what docs/package.json installs is found.
  const directory = mkdtempSync(join(root, `docs/.check-${process.pid}-`))
  try {
    const pageOf = new Map()
    for (const page of pages) {
      for (const { path, text } of filesOf(root, page)) {
        const file = join(directory, page, path)
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, text)
        pageOf.set(relative(root, file), page)
      }
    }
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(tsconfig(root, directory, [...pageOf.keys()], ambient)))
    return { errors: errorsIn(root, await compile(root, directory, signal), pageOf), files: pageOf.size }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const standard = ['prelude.d.ts', 'ambient.d.ts'].map((name) => join(import.meta.dirname, name))

/** What the compiler says; it is not asked how it ended. */
function compile(root, directory, signal) {
  return new Promise((resolve, reject) => {
    execFile('tsc', ['-p', directory, '--pretty', 'false'], { cwd: root, maxBuffer: 2 ** 26, signal }, (error, stdout) => {
      if (error && typeof error.code !== 'number') reject(error)
      else resolve(stdout)
    })
  })
}

function filesOf(root, page) {
  try {
    return blockFiles(readFileSync(join(root, page), 'utf8'))
  } catch (error) {
    throw new Error(`${page}: ${error.message}`, { cause: error })
  }
}

function tsconfig(root, directory, files, ambient) {
  return {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      lib: ['ES2024', 'DOM', 'DOM.Iterable'],
      types: ['node'],
      module: 'ESNext',
      moduleResolution: 'bundler',
      noEmit: true,
      composite: false,
      declarationMap: false,
      isolatedDeclarations: false,
      // Else what is wrong in an ambient file makes `any` of its names, without a word.
      skipLibCheck: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    files: [...files.map((file) => relative(directory, join(root, file))), ...ambient],
  }
}

/** What is wrong in the packages themselves, the types' own check says; what they depend on is not ours. */
function errorsIn(root, output, pageOf) {
  const errors = []
  for (const line of output.split('\n')) {
    const [, file, at, message] = /^(\S[^(]*)\((\d+),\d+\): error (.+)$/.exec(line) ?? []
    const page = pageOf.get(file)
    if (page !== undefined) errors.push(`${page}:${at} ${message}`)
    else if (file !== undefined && !elsewhere.test(relative(root, resolve(root, file)))) errors.push(`${file}:${at} ${message}`)
    else if (line.startsWith('error ')) errors.push(line)
  }
  return errors
}

const elsewhere = /^packages\/|(?:^|\/)node_modules\//
