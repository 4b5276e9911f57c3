// Events as `GET /events` streams them, one JSON line each.

export interface EngineEvent {
  Type: 'container' | 'image' | 'network' | 'volume' | 'builder' | 'daemon';
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  /** Unix seconds. */
  time: number;
  /** Unix nanoseconds; JSON number, precise to about 256 ns as in every JavaScript client. */
  timeNano: number;
  /** Kept for old clients: same as Action, Actor.ID and Actor.Attributes.image. */
  status?: string;
  id?: string;
  from?: string;
}
