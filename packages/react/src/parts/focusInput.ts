/** Where the person writes on, when what they have pressed goes away. */
export function focusInput(from: HTMLElement | null): void {
  from?.closest('[data-chat-part="root"]')?.querySelector<HTMLElement>('[data-chat-part="input"]')?.focus()
}
