/** The mark: two brackets, you and an agent, and between them what was verified. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      strokeWidth="2.1"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M8.5 5 2.5 12l6 7" stroke="var(--accent-1)" />
      <path d="m15.5 5 6 7-6 7" stroke="var(--accent-2)" />
      <circle cx="12" cy="12" r="1.9" fill="var(--accent-3)" />
    </svg>
  );
}
