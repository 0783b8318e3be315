/** Drawn for a field of 16 by 16, in lines of the text's colour. */
const shapes = {
  check: 'M3 8.5l3.2 3.2L13 5',
  cross: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 2.5L14.5 13.5H1.5zM8 6.5v3.2M8 11.6v.4',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M8 4.8V8l2.4 1.6',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  bell: 'M3.5 11.5h9l-1.2-1.8V7a3.3 3.3 0 0 0-6.6 0v2.7zM6.8 13.5h2.4',
  muted: 'M3.5 11.5h9l-1.2-1.8V7a3.3 3.3 0 0 0-6.6 0v2.7zM2 2l12 12',
  dot: 'M8 6a2 2 0 1 0 0 4a2 2 0 1 0 0-4',
  circle: 'M8 3a5 5 0 1 0 0 10A5 5 0 1 0 8 3',
  mail: 'M2 3.5h12v9H2zM2 4.5l6 4.5l6-4.5',
  send: 'M2 8l12-5.5L10 14L7.5 9z',
  route: 'M4 3.5a1.5 1.5 0 1 0 0 .1M12 12.5a1.5 1.5 0 1 0 0 .1M4 5.5v3a3 3 0 0 0 3 3h3.5',
  flask: 'M6 2h4M6.8 2v4L3 13.5h10L9.2 6V2M5 10h6',
  channel: 'M2.5 6.5h3l5-3.5v10l-5-3.5h-3zM13 6v4',
  people:
    'M6 7.5a2.3 2.3 0 1 0 0-4.6a2.3 2.3 0 0 0 0 4.6M1.8 13.5c.3-3 2-4.2 4.2-4.2s3.9 1.2 4.2 4.2M10.8 3.2a2.2 2.2 0 0 1 0 4.2M12 9.6c1.4.5 2.1 1.9 2.3 3.9',
  code: 'M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5',
  calendar: 'M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3',
  pulse: 'M1.5 8.5h3l2-5l3 9l2-4h3',
  chart: 'M2.5 2.5v11h11M5.5 11V8M8.5 11V5M11.5 11V7',
  file: 'M4 2h5.5L12.5 5v9H4zM9 2v3.5h3.5',
  gear: 'M8 5.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4',
  trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9',
  download: 'M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10',
  replay: 'M3 8a5 5 0 1 1 1.5 3.6M3 12.5v-4h4',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.3 10.3L14 14',
  theme: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11',
  home: 'M2.5 8L8 3l5.5 5v5.5h-4v-3.5h-3v3.5h-4z',
  skull: 'M8 2a5 5 0 0 0-3 9v2.5h6V11a5 5 0 0 0-3-9M6 7v.8M10 7v.8',
  keys: 'M1.5 4h13v8h-13zM4 6.5h.1M6.7 6.5h.1M9.3 6.5h.1M12 6.5h.1M4.5 9.5h7',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  arrow: 'M6 3.5L10.5 8L6 12.5',
} as const

export type IconName = keyof typeof shapes

/** Beside words, never in their place: it says nothing to whoever cannot see it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  )
}
