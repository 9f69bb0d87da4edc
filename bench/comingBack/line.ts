/** What is compared, each by its name in the page's address. */
export const lines = {
  rejoin: 'Rejoin',
  useChat: 'useChat, as documented',
  useChatComingBack: 'useChat, and code around it',
} as const

export type Line = keyof typeof lines

/** How the network comes back: what the page is told, if anything. */
export const returns = {
  untold: 'no event',
  online: 'online event',
  visible: 'tab looked at again',
} as const

export type Return = keyof typeof returns

/** All of a record's names, in order. */
export function namesOf<Name extends string>(record: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(record).filter((name): name is Name => name in record)
}
