/** At least this many characters, so that the secret can not be guessed. */
const minSecretLength = 32

/** One secret, or several while one replaces another: the first seals, all of them open. */
export type Secret = string | readonly string[]

export interface KeyRing {
  /** The first key; it seals. */
  sealing(): Promise<CryptoKey>
  all(): Promise<readonly CryptoKey[]>
}

/** What keys are for: what is sealed for one purpose does not open for another. */
export type Purpose = 'token' | 'conversation'

/** @throws TypeError where there is no secret or a guessable one, at once and not with the first request */
export function createKeyRing(secret: Secret | undefined, purpose: Purpose): KeyRing {
  const secrets = typeof secret === 'string' ? [secret] : (secret ?? [])
  if (secrets.length === 0) {
    throw new TypeError(
      'createAgentProxy has no `secret`, so it can not seal continuation tokens. Give it a random string, for example from the environment: openssl rand -base64 32.',
    )
  }
  if (secrets.some((each) => each.length < minSecretLength)) {
    throw new TypeError(
      `A \`secret\` of createAgentProxy is shorter than ${minSecretLength} characters, so whoever has a token could guess it. Make one with: openssl rand -base64 32.`,
    )
  }
  let keys: Promise<CryptoKey[]> | null = null
  async function all(): Promise<readonly CryptoKey[]> {
    keys ??= Promise.all(secrets.map((each) => deriveKey(each, purpose)))
    try {
      return await keys
    } catch (error) {
      keys = null
      throw error
    }
  }
  return {
    all,
    async sealing() {
      const [first] = await all()
      if (first === undefined) throw new TypeError('There is no secret.')
      return first
    },
  }
}

async function deriveKey(secret: string, purpose: Purpose): Promise<CryptoKey> {
  const bytes = new TextEncoder()
  const material = await crypto.subtle.importKey('raw', bytes.encode(secret), 'HKDF', false, ['deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: bytes.encode(`rejoin ${purpose} 1`) }
  return await crypto.subtle.deriveKey(hkdf, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}
