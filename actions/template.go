package actions

import (
	"fmt"
	"strings"
)

// expand replaces every {{NAME}} in text with the environment variable NAME; spaces inside the braces don't count.
// It returns the names that are not set, each once, in order of appearance. Values are not expanded again.
func expand(text string, lookupEnv func(string) (string, bool)) (value string, missing []string, err error) {
	var b strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{{")
		b.WriteString(before)
		if !found {
			return b.String(), unique(missing), nil
		}
		inside, tail, closed := strings.Cut(after, "}}")
		if !closed {
			return "", nil, fmt.Errorf("invalid template %q: {{ without }}", text)
		}
		name := strings.TrimSpace(inside)
		if !isEnvName(name) {
			return "", nil, fmt.Errorf("invalid template {{%s}}: expected the name of an environment variable", inside)
		}
		v, ok := lookupEnv(name)
		if !ok {
			missing = append(missing, name)
		}
		b.WriteString(v)
		rest = tail
	}
}

// isEnvName tells whether s consists of letters, digits and underscores, as in Hasura's URL templates.
func isEnvName(s string) bool {
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

func unique(names []string) []string {
	var out []string
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}
