package localstack

import (
	"maps"
	"slices"
	"strings"
)

// environment is a process's, by name.
type environment map[string]string

func newEnvironment(pairs []string) environment {
	e := environment{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		e[name] = value
	}
	return e
}

// forPrograms is the environment of all programs: the caller's, without what only looks as if it were about them.
func forPrograms(pairs []string) environment {
	e := newEnvironment(pairs)
	delete(e, "OTEL_SERVICE_NAME")    // every program has its own
	delete(e, "JOINERY_DATABASE_URL") // Joinery would prefer it to the stack's DATABASE_URL
	return e
}

func (e environment) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// with is a copy with more set.
func (e environment) with(more map[string]string) environment {
	all := maps.Clone(e)
	maps.Copy(all, more)
	return all
}

// pairs is the form that os/exec takes, sorted.
func (e environment) pairs() []string {
	list := make([]string, 0, len(e))
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}
