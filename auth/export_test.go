package auth

import (
	"time"
)

// WithNow has a configuration go by another clock.
func (c Config) WithNow(now func() time.Time) Config {
	c.now = now
	return c
}

// FindPath is what a JSON path finds.
func FindPath(path string, value any) (any, bool, error) {
	p, err := parsePath(path)
	if err != nil {
		return nil, false, err
	}
	found, ok := p.find(value)
	return found, ok, nil
}

// Lifetime is lifetime.
var Lifetime = lifetime
