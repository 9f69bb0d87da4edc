/**
 * The registry as it was at the end of this day: what a page installs without a version is the same in every run of the
 * tests. Move it on to try newer ones.
 */
export const asOf = '2026-11-21'

/** The tools whose `latest` a page asks for; npx does not look at the day. */
const tools: Readonly<Record<string, string>> = { vite: '9.3.0', 'create-next-app': '16.4.3' }

/** A command of a page with the packages of this repository as they are packed, and tools of one version. */
export function pinned(command: string, tarballs: ReadonlyMap<string, string>): string {
  return command
    .replaceAll(/(\S+)@latest/g, (_, tool: string) => {
      const version = tools[tool]
      if (version === undefined) throw new Error(`versions.ts has no version of ${tool}.`)
      return `${tool}@${version}`
    })
    .replaceAll(/(?<= )@rejoin\/[a-z]+/g, (name) => {
      const tarball = tarballs.get(name)
      if (tarball === undefined) throw new Error(`${name} has not been packed.`)
      return tarball
    })
}
