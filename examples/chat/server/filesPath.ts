/** Where the page sends files, and finds them. */
export const filesPath = '/api/files'

/** What a file may have at most, in bytes. */
export const maxFileBytes = 10_000_000
