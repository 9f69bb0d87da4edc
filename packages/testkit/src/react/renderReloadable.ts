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
   * stays, and `load` is called for a new one.
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
  let life = beginLife()
  let page = show(life)

  function show(begun: EndableLife): RenderResult<Q> {
    return render<Q>(load(begun), options)
  }

  async function again(): Promise<void> {
    life.end()
    await act(async () => {
      page.unmount()
      page.container.remove()
      // What a page does a turn after its parts have gone is done before the next one comes.
      await turn()
    })
    life = beginLife()
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
      await act(leavePage)
      await again()
    },
    async crash() {
      if (!life.storeGiven) {
        throw new Error(
          'This page has a store of its own, which nobody can take from it: it would write once more on its way out, and ' +
            'that is no crash. Give it one that can be: renderReloadable(({ store }) => <App store={store()} />).',
        )
      }
      await again()
    },
  }
}
