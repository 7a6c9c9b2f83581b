package loaders

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestPlain tries every byte at every place: a text is written as it is exactly where quoting leaves it as it is.
func TestPlain(t *testing.T) {
	for n := range 18 {
		for place := range n {
			for c := range 256 {
				text := bytes.Repeat([]byte{'a'}, n)
				text[place] = byte(c)
				quoted, _ := jsontext.AppendQuote(nil, text)
				want := c < 0x80 && bytes.Equal(quoted[1:len(quoted)-1], text)
				if got := isPlain(text); got != want {
					t.Fatalf("%q: %v, want %v", text, got, want)
				}
			}
		}
	}
}

func BenchmarkAppendString(b *testing.B) {
	text, dst := []byte("Post 499999: 0cc175b9c0f1b6a831c399e269772661"), make([]byte, 0, 64)
	for b.Loop() {
		dst = appendString(dst[:0], text)
	}
}
