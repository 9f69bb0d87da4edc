import { type ResponsesScript } from '@rejoin/testkit'

export const text = `1. It strengthens the heart and the muscles, and lowers the risk of many diseases.
2. It lifts the mood and eases stress, because the body releases endorphins.
3. It improves sleep, and with it memory and attention on the next day.`

/** Word by word. */
export const answer: ResponsesScript = { output: [{ type: 'message', text: text.match(/\S+\s*/g) ?? [] }] }
