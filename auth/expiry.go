package auth

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lifetime is how long an answer may be kept by its Cache-Control, or without one by its Expires, as Hasura reads them:
// max-age or s-maxage; no-cache and no-store mean not at all, unless must-revalidate stands beside a max-age. Where
// neither says anything that can be read, ok is false.
func lifetime(cacheControl, expires string, now time.Time) (d time.Duration, ok bool) {
	if cacheControl != "" {
		if d, ok := maxAge(cacheControl); ok {
			return d, true
		}
	}
	if at, err := http.ParseTime(expires); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}

func maxAge(cacheControl string) (d time.Duration, ok bool) {
	forbidden, revalidate := false, false
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-cache", "no-store":
			forbidden = true
		case "must-revalidate":
			revalidate = true
		case "max-age", "s-maxage":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err == nil && !ok {
				d, ok = time.Duration(seconds)*time.Second, true
			}
		}
	}
	if forbidden && (!revalidate || !ok) {
		return 0, true
	}
	return d, ok
}
