/** What the page shows of the agent it talks to. Nothing in it is a secret. */
export interface About {
  readonly title: string
  /** Who answers: `o3 at api.openai.com`. */
  readonly agent: string
  /** The conversation; agents do not go on with each other's. */
  readonly session: string
  readonly placeholder: string
  /** Questions to begin with. */
  readonly suggestions: readonly string[]
  /** Whether files can go with a message. */
  readonly takesFiles: boolean
}

declare global {
  /** Set by the script at `aboutPath`. */
  var about: About
}

/** A script that comes with the page, so that a page that is there never has to wait for it. */
export const aboutPath = '/about.js'
