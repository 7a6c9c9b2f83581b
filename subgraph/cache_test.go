package subgraph

import "testing"

func TestWeighted(t *testing.T) {
	c := newWeighted[string, int](3, 10)
	has := func(want string) {
		t.Helper()
		got := ""
		for _, key := range c.lru.Keys() {
			got += key
		}
		if got != want {
			t.Errorf("holds %q, want %q", got, want)
		}
	}
	c.add("a", 1, 1)
	c.add("b", 2, 1)
	c.add("c", 3, 1)
	c.add("d", 4, 1) // too many
	has("bcd")
	if v, ok := c.get("b"); v != 2 || !ok {
		t.Errorf("b is %d, %v", v, ok)
	}
	c.add("e", 5, 9) // too heavy with more than one
	has("be")
	c.add("e", 6, 2) // replaced
	c.add("f", 7, 7)
	has("bef")
	c.add("g", 8, 11) // too heavy alone
	has("bef")
	c.add("f", 9, 11)
	has("be")
	if c.weight != 3 {
		t.Errorf("weight %d, want 3", c.weight)
	}
}
