package auth0standin

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limiter counts the calls of the current second, and tells the client so in Auth0's headers.
type limiter struct {
	perSecond int // 0: no limit

	mu     sync.Mutex
	window int64 // Unix time of the second that is counted
	used   int
}

// allow counts a call and reports whether it is within the limit.
func (l *limiter) allow(w http.ResponseWriter) bool {
	if l.perSecond == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now().Unix(); now != l.window {
		l.window, l.used = now, 0
	}
	l.used++
	w.Header().Set("x-ratelimit-limit", strconv.Itoa(l.perSecond))
	w.Header().Set("x-ratelimit-remaining", strconv.Itoa(max(0, l.perSecond-l.used)))
	w.Header().Set("x-ratelimit-reset", strconv.FormatInt(l.window+1, 10))
	return l.used <= l.perSecond
}
