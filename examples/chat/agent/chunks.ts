/** Cuts text into words with the space that follows them; joined they are the text again. */
export function chunks(text: string): string[] {
  return text.match(/\s*\S+\s*|\s+/g) ?? []
}
