/**
 * Asks the person whether the browser may show notifications. Only as an answer to a click: browsers refuse it otherwise, and people too.
 * @returns what they said, now or earlier; `denied` where there are none
 */
export async function askToNotify(): Promise<NotificationPermission> {
  return typeof Notification === 'undefined' ? 'denied' : await Notification.requestPermission()
}
