interface Props {
  label: string;
  children: string;
}

/** Code is a block of code; one can scroll it with the keyboard. */
export function Code({ label, children }: Props) {
  return (
    <pre className="code" tabIndex={0} role="group" aria-label={label}>
      {children}
    </pre>
  );
}

export const Json = ({ label, value }: { label: string; value: unknown }) => (
  <Code label={label}>{typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "")}</Code>
);

/** Diff is a unified diff; what the colours say, the signs say too. */
export function Diff({ label, children }: Props) {
  return (
    <pre className="code" tabIndex={0} role="group" aria-label={label}>
      {children.split("\n").map((line, i) => (
        <span key={i} className={lineClass(line)}>
          {line || " "}
        </span>
      ))}
    </pre>
  );
}

function lineClass(line: string) {
  if (line.startsWith("+") && !line.startsWith("+++")) return "diff-added";
  if (line.startsWith("-") && !line.startsWith("---")) return "diff-removed";
  return "diff-line";
}
