import { useState } from 'react'

/** How answers are shown: as formatted Markdown, or as the very text that the agent wrote. */
export type View = 'formatted' | 'source'

/** The view in the address, so that a reload keeps it. */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState<View>(() => (new URLSearchParams(location.search).get('view') === 'source' ? 'source' : 'formatted'))
  return [
    view,
    (next) => {
      setView(next)
      history.replaceState(null, '', next === 'source' ? '?view=source' : location.pathname)
    },
  ]
}

export function ViewSwitch({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  return (
    <label className="view-switch">
      <input type="checkbox" checked={view === 'source'} onChange={(event) => onChange(event.target.checked ? 'source' : 'formatted')} />
      Show source
    </label>
  )
}
