// No 'use client' here: every file that needs it has its own.
export { askToNotify } from './runs/askToNotify.ts'
export { RunList, type RunListOwnProps } from './runs/RunList.tsx'
export { useRunNotifications, type RunNotificationOptions } from './runs/useRunNotifications.ts'
export { useRuns, type Runs } from './runs/useRuns.ts'
export { useUnreadTitle } from './runs/useUnreadTitle.ts'
export { type ListedRun } from '@rejoin/core'
