export interface Clock {
  mode: "real" | "virtual" | "auto";
  speed: number | null;
  now: string;
  next_call: string | null;
}

export interface Fault {
  kind: "duplicate" | "error" | "gone" | "latency" | "throttle" | "time-out" | "vanish";
  service?: string;
  operation?: string;
  state?: string;
  about?: string;
  skip?: number;
  times?: number | null;
  share?: number;
  seed?: number;
  seconds?: number;
  code?: string;
  message?: string;
  status?: number;
}

export interface Hop {
  id: number;
  trace: string;
  parent: number | null;
  service: string;
  operation: string;
  time: string;
  milliseconds: number | null;
  parameters: unknown;
  result: unknown;
  error: string | null;
  notes: Record<string, unknown> | null;
}

export interface PutEvent {
  id: string | null;
  time: string;
  bus: string;
  source: string;
  detail_type: string;
  detail: string;
  matched: string[];
  dropped: string | null;
}

export declare class Pizzabar {
  constructor(address?: string);
  clock(): Promise<Clock>;
  setClock(mode: Clock["mode"], speed?: number): Promise<Clock>;
  advance(seconds: number): Promise<Clock>;
  settled(): Promise<Clock>;
  breakHops(rule: Fault): Promise<Fault & { number: number; broken: number }>;
  mendHops(): Promise<[]>;
  hops(wanted?: Record<string, string>): Promise<Hop[]>;
  events(wanted?: { bus?: string; source?: string; pattern?: unknown; limit?: number }): Promise<PutEvent[]>;
}
