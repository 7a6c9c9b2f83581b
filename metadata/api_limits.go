package metadata

import "time"

// APILimits are Hasura's limits by role (api_limits.yaml). The admin has none.
type APILimits struct {
	Pos   Pos
	Depth *RoleLimit // of fields that have fields, introspection aside
	Nodes *RoleLimit // fields that have fields
	Time  *RoleLimit // seconds that an operation may take
	Batch *RoleLimit // operations of a batched request
	Rate  *RateLimits
}

// RoleLimit is a limit for all roles but the admin; what stands by a role wins. Nil means none.
type RoleLimit struct {
	Global  *int
	PerRole map[string]int
}

// Of is the limit of a role, or false where it has none.
func (l *RoleLimit) Of(role string) (int, bool) {
	if l == nil {
		return 0, false
	}
	if n, ok := l.PerRole[role]; ok {
		return n, true
	}
	if l.Global != nil {
		return *l.Global, true
	}
	return 0, false
}

// RateLimits are how often each role may ask; what stands by a role wins.
type RateLimits struct {
	Global  *RateLimit
	PerRole map[string]*RateLimit
}

// Of is the limit of a role, nil where it has none.
func (l *RateLimits) Of(role string) *RateLimit {
	if l == nil {
		return nil
	}
	if r, ok := l.PerRole[role]; ok {
		return r
	}
	return l.Global
}

// RateLimit is how often the callers that it counts together may ask: those of one role, of one address where ByIP, and of
// equal values of the session variables.
type RateLimit struct {
	PerMinute int
	ByIP      bool
	Variables []string // in lower case
}

// Every is the time between two requests at the limit's rate.
func (l *RateLimit) Every() time.Duration { return time.Minute / time.Duration(l.PerMinute) }
