// No 'use client' here: every file that needs it has its own, so that a server component can write `<Chat.Root>`.
// With it, `Chat` would be one opaque reference there, which has no `.Root`.
export {
  BackgroundAgentChat,
  type BackgroundAgentChatOwnProps,
  type BackgroundAgentChatProps,
} from './BackgroundAgentChat.tsx'
export { BackgroundAgentProvider, type BackgroundAgentProviderProps } from './BackgroundAgentProvider.tsx'
export { type RenderBlock, type RenderMessage } from './parts/index.ts'
export * as Chat from './parts/index.ts'
export { type BackgroundAgent } from './chatSource.ts'
export { type MirroredRun } from './runMirror.ts'
export { type Upload, type UploadedFile, type UploadOptions } from './upload.ts'
export { runQueryOptions, type RunQueryOptions } from './runQueryOptions.ts'
export { useBackgroundAgent, type UseBackgroundAgentOptions } from './useBackgroundAgent.ts'
export { usePurge } from './usePurge.ts'
