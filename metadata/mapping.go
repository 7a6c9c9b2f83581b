package metadata

import (
	"fmt"
	"math"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// mapping is a YAML mapping while it is decoded. What its methods ask for are the known keys: done reports the rest.
type mapping struct {
	r     *reader
	item  string // of faults; decoders make it precise as soon as they know the name
	node  node
	keys  map[string]entry
	order []entry
	asked []string
}

// mapping starts to decode n. Where n is no mapping that is reported, and all its keys are absent.
func (r *reader) mapping(n node, item string) *mapping {
	m := &mapping{r: r, item: item, node: n, keys: map[string]entry{}}
	entries, ok := r.entries(n, item)
	if !ok && !n.failed {
		r.errorf(n.pos(), item, "expected a mapping, found %s", n.describe())
		m.node.failed = true
	}
	m.order = entries
	for _, e := range entries {
		m.keys[e.key] = e
	}
	return m
}

// get is the value of key.
func (m *mapping) get(key string) node {
	m.know(key)
	e, ok := m.keys[key]
	if !ok {
		return node{failed: m.node.failed}
	}
	return m.r.resolve(e.value)
}

// has says whether the mapping has key, be it null.
func (m *mapping) has(key string) bool {
	_, ok := m.keys[key]
	return ok
}

// know makes keys known that are not read.
func (m *mapping) know(keys ...string) { m.asked = append(m.asked, keys...) }

// done reports the keys that are not known.
func (m *mapping) done() { m.reportUnknown(Warning) }

// doneStrictly reports the keys that are not known as errors.
func (m *mapping) doneStrictly() { m.reportUnknown(Error) }

func (m *mapping) reportUnknown(s Severity) {
	for _, e := range m.unknown() {
		m.r.add(Fault{
			Pos: e.pos, Severity: s, Item: m.item, Message: fmt.Sprintf("unknown key %q", e.key),
			Hint: m.r.didYouMean(e.key, m.asked),
		})
	}
}

func (m *mapping) unknown() []entry {
	known := map[string]bool{}
	for _, key := range m.asked {
		known[key] = true
	}
	var out []entry
	for _, e := range m.order {
		if !known[e.key] {
			out = append(out, e)
		}
	}
	return out
}

func (m *mapping) pos() Pos { return m.node.pos() }

// keyPos is where key stands, else where the mapping begins.
func (m *mapping) keyPos(key string) Pos {
	if e, ok := m.keys[key]; ok {
		return e.pos
	}
	return m.pos()
}

func (m *mapping) errorf(pos Pos, format string, args ...any) {
	m.r.errorf(pos, m.item, format, args...)
}

func (m *mapping) warnf(pos Pos, format string, args ...any) { m.r.warnf(pos, m.item, format, args...) }

// missing reports that key is needed and not there.
func (m *mapping) missing(key, hint string) {
	if !m.node.failed {
		m.r.add(Fault{Pos: m.keyPos(key), Item: m.item, Message: fmt.Sprintf("missing %q", key), Hint: hint})
	}
}

// text is a string, "" where key is absent.
func (m *mapping) text(key string) string {
	n := m.get(key)
	if n.absent() {
		return ""
	}
	s, ok := n.text()
	if !ok {
		m.expected(key, "a string", n)
	}
	return s
}

// need is a string that must be there and not be empty.
func (m *mapping) need(key string) string {
	n := m.get(key)
	if s, ok := n.text(); ok && s != "" {
		return s
	}
	switch {
	case n.failed:
	case n.absent() || n.describe() == "a string":
		m.missing(key, "")
	default:
		m.expected(key, "a string", n)
	}
	return ""
}

func (m *mapping) expected(key, kind string, n node) {
	f := Fault{Pos: n.pos(), Item: m.item, Message: fmt.Sprintf("invalid %q: expected %s, found %s", key, kind, n.describe())}
	if _, scalar := n.ast.(ast.ScalarNode); scalar && kind == "a string" {
		f.Hint = "write it in quotes"
	}
	m.r.add(f)
}

// boolean is false where key is absent.
func (m *mapping) boolean(key string) bool {
	n := m.get(key)
	if n.absent() {
		return false
	}
	b, ok := n.ast.(*ast.BoolNode)
	if !ok {
		m.expected(key, "a boolean", n)
		return false
	}
	return b.Value
}

// integer is nil where key is absent.
func (m *mapping) integer(key string) *int {
	n := m.get(key)
	if n.absent() {
		return nil
	}
	if x, ok := n.ast.(*ast.IntegerNode); ok {
		if v, ok := number(x.GetValue()).(int64); ok && v >= math.MinInt32 && v <= math.MaxInt32 {
			i := int(v)
			return &i
		}
	}
	m.expected(key, "a whole number", n)
	return nil
}

// seconds is a duration that must be positive.
func (m *mapping) seconds(key string, fallback time.Duration) time.Duration {
	i := m.integer(key)
	if i == nil {
		return fallback
	}
	if *i <= 0 {
		m.errorf(m.keyPos(key), "invalid %q: expected a positive number of seconds, found %d", key, *i)
		return fallback
	}
	return time.Duration(*i) * time.Second
}

// list are the elements of a list, none where key is absent.
func (m *mapping) list(key string) []node { return m.r.list(m.get(key), m.itemOf(key)) }

func (m *mapping) itemOf(key string) string {
	if m.item == "" || m.item == key {
		return key
	}
	return m.item + ": " + key
}

// texts are the elements of a list of strings: nil where key is absent, not nil where the list is empty.
func (m *mapping) texts(key string) []string {
	n := m.get(key)
	if n.absent() {
		return nil
	}
	out := []string{}
	for _, c := range m.r.list(n, m.itemOf(key)) {
		s, ok := c.text()
		if !ok {
			m.expected(key, "a list of strings", c)
			continue
		}
		out = append(out, s)
	}
	return out
}
