/** The page of a job, whatever it is called. */
export function hrefOfJob(name: string): string {
  return `/jobs/${encodeURIComponent(name)}`
}
