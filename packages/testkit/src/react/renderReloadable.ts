import { memoryRunStore } from '@rejoin/core'
import { act, render, type Queries, type RenderOptions, type RenderResult, type queries } from '@testing-library/react'
import { type ReactNode } from 'react'
import { leavePage } from './leavePage.ts'
import { beginLife, type EndableLife, type PageLife } from './life.ts'
import { turn } from './turn.ts'

/** Those of Testing Library's `render`. Every load has a container of its own. */
export type ReloadableOptions<Q extends Queries = typeof queries> = Omit<RenderOptions<Q>, 'container' | 'hydrate'>

/** What Testing Library's `render` gives, of the page as it is now, and how to load it anew. */
export type Reloadable<Q extends Queries = typeof queries> = RenderResult<Q> & {
  /**
   * As a browser does it: the page is told that it goes (`pagehide`, `visibilitychange`), its memory is gone, storage
   * stays, and `load` is called for a new one. Other pages of the test share its window: they hear that they were hidden,
   * and once it has gone that they are back (`pageshow`, `persisted`), and go on with a new connection.
   */
  reload(): Promise<void>
  /**
   * The same, with nothing told and nothing written any more.
   * @throws Error where `load` gives the page no `store` that could be taken from it
   */
  crash(): Promise<void>
}

/**
 * Renders a page that can be reloaded. Whatever a reload is to lose has to be made in `load`, or below it.
 * Effects are cleaned up when a page goes, which a browser would not do: only so can the next one have its document.
 *
 * @param load called for each load. A page that stores with `store` and asks the `agent` it is given is as dead
 * afterwards as a real one; one that makes its own is told to leave, and what it has under way may still be stored
 */
export function renderReloadable<Q extends Queries = typeof queries>(
  load: (life: PageLife) => ReactNode,
  options: ReloadableOptions<Q> = {},
): Reloadable<Q> {
  const kept = memoryRunStore()
  let life = beginLife(kept)
  let page = show(life)

  function show(begun: EndableLife): RenderResult<Q> {
    return render<Q>(load(begun), options)
  }

  /** @param welcome tells what is still there that it is back */
  async function again(welcome: () => void): Promise<void> {
    life.end()
    await act(async () => {
      try {
        page.unmount()
        page.container.remove()
        // What a page does a turn after its parts have gone is done before the next one comes, or others hear of it.
        await turn()
      } finally {
        welcome()
      }
    })
    life = beginLife(kept)
    page = show(life)
    await act(turn)
  }

  return {
    ...page,
    get container() {
      return page.container
    },
    rerender: (ui) => page.rerender(ui),
    unmount: () => page.unmount(),
    asFragment: () => page.asFragment(),
    async reload() {
      await again(await act(leavePage))
    },
    async crash() {
      if (!life.storeGiven) {
        throw new Error(
          'This page has a store of its own, which nobody can take from it: it would write once more on its way out, and ' +
            'that is no crash. Give it one that can be: renderReloadable(({ store }) => <App store={store()} />).',
        )
      }
      await again(() => {})
    },
  }
}
