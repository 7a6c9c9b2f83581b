package entities

// scanner walks over JSON that is known to be valid: what came with a request was checked when its top level was read,
// and what a handler answered was checked by package actions. It therefore only looks for where values end, which is
// several times faster than to check once more; representations are what a subgraph spends most of its time on.
type scanner struct {
	json []byte
	i    int
}

// peek is the first byte of the next value, or the bracket that ends a list or object.
func (s *scanner) peek() byte {
	for {
		switch c := s.json[s.i]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.i++
		default:
			return c
		}
	}
}

// skip passes over the byte that peek gave.
func (s *scanner) skip() { s.i++ }

// value reads a value whole.
func (s *scanner) value() text {
	c := s.peek()
	start := s.i
	switch c {
	case '"':
		s.string()
	case '{', '[':
		s.nested()
	default:
		s.scalar()
	}
	return text{uint32(start), uint32(s.i)}
}

// member is the value of an object's member of that name, the last of several; zero where there is none.
func (s *scanner) member(name string) (value text) {
	s.peek()
	for s.skip(); s.peek() != '}'; {
		key, member := s.value(), s.value()
		if string(unquoteName(s.at(key))) == name {
			value = member
		}
	}
	return value
}

// string passes over a string.
func (s *scanner) string() {
	for i := s.i + 1; ; i++ {
		switch s.json[i] {
		case '\\':
			i++
		case '"':
			s.i = i + 1
			return
		}
	}
}

// nested passes over a list or object.
func (s *scanner) nested() {
	for depth := 0; ; {
		switch s.json[s.i] {
		case '"':
			s.string()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.i++
		if depth == 0 {
			return
		}
	}
}

// scalar passes over a number, true, false or null.
func (s *scanner) scalar() {
	for ; s.i < len(s.json); s.i++ {
		switch s.json[s.i] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return
		}
	}
}

// at is the JSON value at a place. It shares the input's memory.
func (s *scanner) at(t text) []byte { return s.json[t.from:t.to:t.to] }
