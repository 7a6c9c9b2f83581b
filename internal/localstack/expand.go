package localstack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var referenceRE = regexp.MustCompile(`\$\{([^}]*)\}`)

// reference is what stands between ${ and }: NAME.url, NAME.address, env.NAME, env.NAME:-default or secret.NAME.
type reference struct {
	text            string
	subject, detail string
	fallback        *string
}

func parseReference(inner string) reference {
	r := reference{text: "${" + inner + "}"}
	r.subject, r.detail, _ = strings.Cut(inner, ".")
	if name, fallback, found := strings.Cut(r.detail, ":-"); found {
		r.detail, r.fallback = name, &fallback
	}
	return r
}

func referencesIn(value string) (all []reference) {
	for _, m := range referenceRE.FindAllStringSubmatch(value, -1) {
		all = append(all, parseReference(m[1]))
	}
	return all
}

// check says what is wrong with a reference, given the names of the stack's programs.
func (r reference) check(known []string) error {
	switch {
	case r.subject == "env" && r.detail != "":
		return nil
	case r.subject == "secret" && r.fallback == nil && slices.Contains(secretNames, r.detail):
		return nil
	case r.fallback != nil, r.detail != "url" && r.detail != "address":
		return fmt.Errorf("invalid reference %s: write ${NAME.url}, ${NAME.address}, ${env.NAME}, ${env.NAME:-default}, ${secret.router} or ${secret.jwt}", r.text)
	case !slices.Contains(known, r.subject):
		return fmt.Errorf("unknown program %q in %s: there are %s", r.subject, r.text, strings.Join(known, ", "))
	}
	return nil
}

// expander gives references their values.
type expander struct {
	path      string            // of stack.yaml
	addresses map[string]string // host:port, by program
	secrets   secrets
	lookupEnv func(string) (string, bool)
}

// expand replaces the references of t. An environment variable that is set to nothing counts as missing.
func (e expander) expand(t text) (string, error) {
	var missing []string
	expanded := referenceRE.ReplaceAllStringFunc(t.value, func(match string) string {
		value, ok := e.value(parseReference(match[2 : len(match)-1]))
		if !ok {
			missing = append(missing, match)
		}
		return value
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("%s:%d: missing environment variable for %s", e.path, t.line, strings.Join(missing, ", "))
	}
	return expanded, nil
}

func (e expander) value(r reference) (string, bool) {
	switch {
	case r.subject == "secret":
		return e.secrets.value(r.detail), true
	case r.subject != "env" && r.detail == "url":
		return "http://" + e.addresses[r.subject], true
	case r.subject != "env":
		return e.addresses[r.subject], true
	}
	if value, _ := e.lookupEnv(r.detail); value != "" {
		return value, true
	}
	if r.fallback != nil {
		return *r.fallback, true
	}
	return "", false
}

// expandAll expands the values of a mapping.
func (e expander) expandAll(texts map[string]text) (map[string]string, error) {
	expanded := make(map[string]string, len(texts))
	for name, t := range texts {
		value, err := e.expand(t)
		if err != nil {
			return nil, err
		}
		expanded[name] = value
	}
	return expanded, nil
}
