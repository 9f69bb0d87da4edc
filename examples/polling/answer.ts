import { type ResponsesScript } from '@rejoin/testkit'

export const text =
  'The special theory of relativity says that the laws of physics and the speed of light are the same for everyone who moves at a ' +
  'constant speed, so that time and length depend on the observer. The general theory adds that mass and energy bend space and ' +
  'time, and that this bending is what we feel as gravity.'

/** Word by word. */
export const answer: ResponsesScript = { output: [{ type: 'message', text: text.match(/\S+\s*/g) ?? [] }] }
