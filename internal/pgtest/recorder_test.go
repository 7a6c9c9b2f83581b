package pgtest_test

import (
	"fmt"
	"runtime"
	"testing"
)

// A recorder is a test that keeps why it ended, and does not end the real one.
type recorder struct {
	testing.TB
	message string
}

func (r *recorder) Fatal(args ...any)                 { r.end(fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) { r.end(fmt.Sprintf(format, args...)) }
func (r *recorder) Skip(args ...any)                  { r.end("skip: " + fmt.Sprint(args...)) }

func (r *recorder) end(message string) {
	r.message = message
	runtime.Goexit()
}
