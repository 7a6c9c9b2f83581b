package supergraph

import (
	"fmt"
	"os"
	"strings"
)

// expandFault says why a value can't be expanded.
type expandFault struct{ message, mend string }

// expandEnv replaces ${env.NAME} and ${env.NAME:-default}. As in rover and the router a default stands in for a
// variable that is not set, and not for one that is set to nothing. A $ before anything but { is itself.
func expandEnv(text string) (string, *expandFault) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		reference, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", &expandFault{"unclosed ${", "close it with }"}
		}
		value, fault := lookup(reference)
		if fault != nil {
			return "", fault
		}
		b.WriteString(value)
		text = after
	}
}

func lookup(reference string) (string, *expandFault) {
	what, fallback, hasFallback := strings.Cut(reference, ":-")
	name, isEnv := strings.CutPrefix(what, "env.")
	if !isEnv || name == "" {
		return "", &expandFault{fmt.Sprintf("unknown expansion ${%s}", what), "write ${env.NAME} or ${env.NAME:-default}"}
	}
	if value, ok := os.LookupEnv(name); ok {
		return value, nil
	}
	if !hasFallback {
		return "", &expandFault{
			fmt.Sprintf("missing environment variable %s", name),
			fmt.Sprintf("set it, or give a default: ${env.%s:-default}", name),
		}
	}
	return fallback, nil
}
