import { type ResponsesScript } from '@rejoin/testkit'

const words = Array.from({ length: 40 }, (_, at) => `${at}: ünïcode 🐝 `)

/** Everything a model can do in one answer. */
export const richAnswer: ResponsesScript = {
  output: [
    { type: 'reasoning', summary: [['First ', 'I think', '.'], ['Then ', 'I think again.']] },
    { type: 'webSearch', query: 'bees', sources: ['https://bees.test'] },
    { keepalive: true },
    { type: 'functionCall', name: 'weather', arguments: ['{"pla', 'ce":"Oslo', '"}'] },
    { comment: 'still here' },
    { type: 'mcpCall', server: 'shop', name: 'order', arguments: ['{"n"', ':1}'], output: 'ordered' },
    { event: { type: 'response.something_new', what: 'ever' } },
    { type: 'codeInterpreter', code: ['print', '(1)'], logs: '1' },
    { type: 'imageGeneration', image: 'aW1hZ2U=', partial: ['cGFydA=='] },
    { type: 'fileSearch', queries: ['honey'] },
    { type: 'reasoning', text: ['Raw ', 'thoughts.'] },
    {
      type: 'message',
      text: words,
      citations: [
        { url: 'https://bees.test/1', title: 'Bees', start: 0, end: 10 },
        { url: 'https://bees.test/2', title: 'More bees' },
      ],
      refusal: ['But ', 'no ', 'stings.'],
    },
    { type: 'message', text: ['And ', 'that ', 'is all.'] },
  ],
}
