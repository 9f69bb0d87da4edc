export {
  type Agent,
  type AgentCancelOptions,
  type AgentListOptions,
  type AgentResponse,
  type AgentResponseUpdate,
  type AgentRunOptions,
} from './agent.ts'
export { isFileAddress, isServedAddress, isWebAddress } from './address.ts'
export { assertRunInput } from './assertRunInput.ts'
export { abortable, delay, linkedAbort, type LinkedAbort } from './async.ts'
export { compact } from './compact.ts'
export { joinToken, splitToken, type TokenParts } from './continuationToken.ts'
export { cursorLength, cursorOf, isCursor, parseCursor, startCursor, type Cursor } from './cursor.ts'
export { type Answer } from './engine/answers.ts'
export { backoff, type BackoffOptions } from './engine/backoff.ts'
export { createEngine, maxWriteGapMs, type Engine, type EngineOptions } from './engine/engine.ts'
export { hiddenFrameMs } from './engine/frames.ts'
export { type OutgoingMessage } from './engine/outgoing.ts'
export { type RunBrief } from './engine/news.ts'
export { pollDelay, type PollOptions } from './engine/pollDelay.ts'
export { type RunMode } from './engine/readRun.ts'
export { type SendOptions, type SendResult, type Session } from './engine/session.ts'
export { runsOf, type ListedRun, type RunIndex } from './engine/runIndex.ts'
export {
  restoringSnapshot,
  type ChatStatus,
  type FinishedRun,
  type RunView,
  type SessionSnapshot,
} from './engine/sessionSnapshot.ts'
export {
  describeError,
  isErrorCode,
  isRejoinError,
  RejoinError,
  type RejoinErrorCode,
  type RejoinErrorOptions,
} from './error.ts'
export { newId } from './id.ts'
export {
  answersIn,
  isGrowing,
  lengthOf,
  requestsIn,
  saysSomething,
  textOf,
  userMessage,
  type AnswerPart,
  type ApprovalRequestPart,
  type AuthRequestPart,
  type ChatMessage,
  type Citation,
  type DataPart,
  type DecisionPart,
  type FilePart,
  type GrowingPart,
  type InputAnswerPart,
  type InputRequestPart,
  type MessagePart,
  type ReasoningPart,
  type RefusalPart,
  type RequestPart,
  type SourceDocumentPart,
  type SourceUrlPart,
  type TextPart,
  type ToolPart,
  type ToolState,
} from './message.ts'
export { proxyAgent, type ProxyAgentOptions } from './proxyAgent/proxyAgent.ts'
export { reduce, type ConnectionEvent, type RunEvent } from './reduce.ts'
export {
  elapsedMs,
  hasEnded,
  isAsking,
  isOutcome,
  newRun,
  shownParts,
  type Elapsed,
  type ReconnectReason,
  type Run,
  type RunStart,
  type RunState,
} from './run.ts'
export { maxEventLength, readEvents, type ReadEventsOptions, type ServerEvent } from './sse/readEvents.ts'
export { within } from './sse/within.ts'
export { databaseName, idbRunStore } from './store/idbRunStore.ts'
export { memoryRunStore } from './store/memoryRunStore.ts'
export {
  type RunHead,
  type RunKey,
  type RunRecord,
  type RunStore,
  type RunSummary,
  type RunWrite,
  type WriteResult,
} from './store/runStore.ts'
export { batchesOf, streamOf, type BatchedStream, type UpdateBatch } from './stream.ts'
export { browserTabs, soloTabs, type TabChannel, type Tabs } from './tabs/tabs.ts'
export {
  isClosing,
  isDelta,
  type DeltaUpdate,
  type EndUpdate,
  type OpenUpdate,
  type OtherUpdate,
  type PartUpdate,
  type PauseReason,
  type PauseUpdate,
  type ProgressStep,
  type ProgressUpdate,
  type RunOutcome,
  type RunPause,
  type RunPhase,
  type SnapshotUpdate,
  type StatusUpdate,
  type Update,
  type Usage,
} from './update.ts'
export { decodeFrame, encodeError, encodeToken, encodeUpdate, heartbeat, type Frame } from './wire/frame.ts'
export { isPart } from './wire/part.ts'
export { problemOf, retryAfterIn } from './wire/problem.ts'
export {
  header,
  problemContentType,
  protocolVersion,
  type CancelRequest,
  type Problem,
  type RunList,
  type RunListing,
  type StartRequest,
} from './wire/protocol.ts'
