import { createServer } from 'node:http'
import { AGENT_CARD_PATH } from '@a2a-js/sdk'
import { DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'
import { cardAt } from './card.ts'
import { createTrainer } from './trainer.ts'

/** How fast it works: 1 takes half a minute for eight weeks, 0 no time. */
const pace = Number(process.env.AGENT_PACE || 1)

const app = express()
const server = createServer(app)
server.listen(Number(process.env.PORT || 41_241), '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  const origin = `http://127.0.0.1:${address.port}`
  const requestHandler = new DefaultRequestHandler(cardAt(`${origin}/`), new InMemoryTaskStore(), createTrainer({ pace }))
  app.use(`/${AGENT_CARD_PATH}`, agentCardHandler({ agentCardProvider: requestHandler }))
  app.use(jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }))
  console.log(`The agent's card: ${origin}/${AGENT_CARD_PATH}`)
})

// Who has started it may die without a word; then it is not left behind. By itself it has nobody to lose.
process.once('disconnect', () => process.exit())
