import { type ApiObject } from './apiObject.ts'
import { writeInterlude } from './interlude.ts'
import { type LogWriter } from './log.ts'
import { type ScriptedText } from './script.ts'

/** An item of the output, as the API has it. */
export type OutputItem = ApiObject & { readonly id: string; readonly type: string }

/** How an item ends: `unfinished` is one that the response failed in the middle of. */
export type ItemEnd = 'completed' | 'incomplete' | 'unfinished'

export interface ItemWriterOptions {
  id: string
  /** The item's index in the output. */
  index: number
  end: ItemEnd
}

/** Writes the events of one item of the output. */
export interface ItemWriter {
  readonly id: string
  readonly status: 'completed' | 'incomplete'
  added(item: ApiObject): void
  /** An event with the ids of this item. */
  event(type: string, fields?: ApiObject): void
  /** Plays `text`, an event for each delta of it, and gives all of it, what is lost included. */
  text(text: ScriptedText, type: string, fields?: ApiObject): string
  /** What follows ends the item; an unfinished one never gets there. */
  ending(): void
  /** `response.output_item.done`. Gives the item back. */
  done(item: ApiObject & { readonly type: string }): OutputItem
}

export function createItemWriter(log: LogWriter, { id, index, end }: ItemWriterOptions): ItemWriter {
  let over = false

  function event(type: string, fields: ApiObject = {}): void {
    if (!over) log.event({ type, item_id: id, output_index: index, ...fields })
  }

  return {
    id,
    status: end === 'completed' ? 'completed' : 'incomplete',
    event,
    added(item) {
      log.event({ type: 'response.output_item.added', output_index: index, item: { id, ...item } })
    },
    text(text, type, fields) {
      let whole = ''
      for (const piece of typeof text === 'string' ? [text] : text) {
        if (typeof piece === 'string') {
          whole += piece
          // The API never sends an empty delta.
          if (piece !== '') event(type, { ...fields, delta: piece })
        } else if ('lost' in piece) {
          whole += piece.lost
        } else {
          writeInterlude(log, piece)
        }
      }
      return whole
    },
    ending() {
      if (end === 'unfinished') over = true
    },
    done(item) {
      const whole = { id, ...item }
      if (!over) log.event({ type: 'response.output_item.done', output_index: index, item: whole })
      return whole
    },
  }
}
