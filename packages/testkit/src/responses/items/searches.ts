import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedFileSearch, type ScriptedWebSearch } from '../script.ts'

export function writeWebSearch(write: ItemWriter, { query, sources }: ScriptedWebSearch): OutputItem {
  const action = {
    type: 'search',
    query,
    queries: [query],
    ...(sources && { sources: sources.map((url) => ({ type: 'url', url })) }),
  }
  // The query is known at the end only.
  write.added({ type: 'web_search_call', status: 'in_progress', action: { type: 'search', query: '' } })
  write.event('response.web_search_call.in_progress')
  write.event('response.web_search_call.searching')
  write.ending()
  write.event('response.web_search_call.completed')
  return write.done({ type: 'web_search_call', status: write.status, action })
}

export function writeFileSearch(write: ItemWriter, { queries, results }: ScriptedFileSearch): OutputItem {
  write.added({ type: 'file_search_call', status: 'in_progress', queries: [], results: null })
  write.event('response.file_search_call.in_progress')
  write.event('response.file_search_call.searching')
  write.ending()
  write.event('response.file_search_call.completed')
  return write.done({ type: 'file_search_call', status: write.status, queries, results: results ?? null })
}
