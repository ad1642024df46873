/**
 * What the server says, as JSON; the server's own description of it is at /api.
 *
 * @typedef {{kind: string, id?: string, name: string}} Source
 * @typedef {{phase: "off" | "starting" | "running" | "failed", source: Source | null, size: [number, number] | null,
 *   problem: string | null, paused: boolean}} Live
 * @typedef {{phase: "off" | "opening" | "on", name: string | null, since: number | null}} Recording
 * @typedef {{phase: "off" | "opening" | "on", destination: string | null, remedy: string | null}} VirtualCamera
 * @typedef {{style: string[], weights: (number | string)[], alpha: (number | string)[], style_size: number,
 *   strokes: number | string, mask: string | null, feather: number | null, person: string, background: string,
 *   color: string, color_strength: number, temporal: string, grain: number, faces?: number}} Look
 * @typedef {Partial<{[field in keyof Look]: Look[field] | null}>} LookChange
 * @typedef {{version: number, live: Live, look: Look, style: string, waiting: boolean, can_undo: boolean,
 *   can_redo: boolean, mirror: boolean, recording: Recording, virtual_camera: VirtualCamera,
 *   message: {text: string, number: number} | null, warnings: string[],
 *   details: Record<string, string | number | number[] | null>}} State
 * @typedef {{id: string, name: string, kind: "photo" | "video",
 *   phase: "waiting" | "running" | "done" | "failed" | "cancelled", position: number, done: number,
 *   total: number | null, fps: number | null, seconds_left: number | null, error: string | null,
 *   result_name: string | null, bytes: number, preview: number,
 *   warnings?: string[]}} Job
 * @typedef {{name: string, title: string, painter: string | null, year: string | number | null,
 *   kind: "builtin" | "own", favorite: boolean, removable: boolean, painting: string | null,
 *   thumbnail: string}} Style
 * @typedef {{name: string, made_at: number}} SavedLook
 * @typedef {{name: string, href: string, kind: "photo" | "video", bytes: number, made_at: number}} Picture
 * @typedef {{id: string, name: string, sizes: [number, number][], in_use: boolean,
 *   note?: string | null}} Camera
 * @typedef {{fps: number, latency_ms: number, missed: number, viewers: number}} Figures
 * @typedef {{name: string, default: unknown}} Field
 * @typedef {{view: string, stream: string, network: string[]}} Addresses
 */

export {};
