package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
)

// request is the parts of a GraphQL request, as raw JSON but for the operation's name.
type request struct{ query, operation, variables []byte }

func readRequest(body []byte) (request, error) {
	var q request
	s := scanner{in: body}
	s.object(func(name []byte) {
		switch string(name) {
		case "operationName":
			q.operation = s.text()
		case "query":
			q.query = s.value()
		case "variables":
			q.variables = s.value()
		default:
			s.value()
		}
	})
	return q, s.err()
}

// takeAfter takes the variable after, as a binary parameter, and leaves the names, which are the action's input.
func (q *request) takeAfter() (after []byte, err error) {
	var names []byte
	s := scanner{in: q.variables}
	s.object(func(name []byte) {
		if string(name) == "after" {
			after = binary.BigEndian.AppendUint64(nil, uint64(s.integer()))
		} else {
			names = s.value()
		}
	})
	q.variables = append(append([]byte(`{"names":`), names...), '}')
	return after, s.err()
}

// appendRepresentations reads the ids of {"representations": [{"__typename": "users", "id": 1}, ...]}.
func appendRepresentations(ids []int64, variables []byte) ([]int64, error) {
	s := scanner{in: variables}
	s.object(func([]byte) { ids = appendIDs(ids, &s) })
	return ids, s.err()
}

// appendIDs reads the ids of a list of objects.
func appendIDs(ids []int64, s *scanner) []int64 {
	s.expect('[')
	for !s.failed && !s.accept(']') {
		s.object(func(name []byte) {
			if string(name) == "id" {
				ids = append(ids, s.integer())
			} else {
				s.value()
			}
		})
		s.accept(',')
	}
	return ids
}

// scanner walks through JSON. After a fault it stays where it is.
type scanner struct {
	in     []byte
	at     int
	failed bool
}

var errSyntax = errors.New("invalid JSON")

func (s *scanner) err() error {
	if s.failed {
		return errSyntax
	}
	return nil
}

// peek gives the next byte that is not a space, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.in); s.at++ {
		if c := s.in[s.at]; c > ' ' {
			return c
		}
	}
	return 0
}

func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) expect(c byte) {
	if !s.accept(c) {
		s.failed = true
	}
}

// object calls member for every member, which must read its value.
func (s *scanner) object(member func(name []byte)) {
	s.expect('{')
	for !s.failed && !s.accept('}') {
		name := s.text()
		s.expect(':')
		member(name)
		s.accept(',')
	}
}

// text reads a string without escapes in it.
func (s *scanner) text() []byte {
	quoted := s.value()
	if len(quoted) < 2 || quoted[0] != '"' {
		s.failed = true
		return nil
	}
	return quoted[1 : len(quoted)-1]
}

func (s *scanner) integer() int64 {
	n, err := strconv.ParseInt(string(s.value()), 10, 64)
	s.failed = s.failed || err != nil
	return n
}

// value passes over any value and returns it as it stands.
func (s *scanner) value() []byte {
	c := s.peek()
	from := s.at
	switch c {
	case '"':
		s.string()
	case '{', '[':
		s.nested()
	default:
		for s.at < len(s.in) && !isDelimiter(s.in[s.at]) {
			s.at++
		}
	}
	s.failed = s.failed || s.at == from
	return s.in[from:s.at]
}

func isDelimiter(c byte) bool { return c <= ' ' || c == ',' || c == '}' || c == ']' }

func (s *scanner) string() {
	for s.at++; ; s.at++ {
		i := bytes.IndexByte(s.in[s.at:], '"')
		if i < 0 {
			s.at, s.failed = len(s.in), true
			return
		}
		s.at += i
		escapes := 0
		for s.in[s.at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			s.at++
			return
		}
	}
}

func (s *scanner) nested() {
	for depth := 0; ; {
		switch s.peek() {
		case 0:
			s.failed = true
			return
		case '"':
			s.string()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return
		}
	}
}
