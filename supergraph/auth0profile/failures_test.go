package auth0profile_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

const unavailable = " AUTH0_UNAVAILABLE"

// The client of Auth0 waits before it tries again, so these tests run on the clock of a bubble.
func TestRateLimitIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{Users: exampleUsers(t), RateLimit: 1}, auth0profile.Config{CacheTTL: -1})
		begin := time.Now()
		for range 2 { // the second is over the limit
			answer := decode(t, post(t, subgraph, query, representations("hodor|hodor")))
			if len(answer.Errors) > 0 || answer.Data.Entities[0]["auth0_profile"] == nil {
				t.Errorf("answer %+v", answer)
			}
		}
		equalCalls(t, network, map[string]int{"token": 1, "search": 3})
		if waited := time.Since(begin); waited < time.Second {
			t.Errorf("waited for %v: not at all", waited)
		}
	})
}

func TestRateLimitThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")}, auth0profile.Config{})
		network.intercept(func(r *http.Request) (*http.Response, error) {
			if kind(r) == "token" {
				return nil, nil
			}
			return response(http.StatusTooManyRequests, `{"statusCode": 429, "error": "Too Many Requests"}`), nil
		})
		answer := decode(t, post(t, subgraph, query, representations("a|1")))
		if diff := cmp.Diff([]string{"_entities.0.auth0_profile" + unavailable}, answer.faults()); diff != "" {
			t.Errorf("errors, -want +got\n%s", diff)
		}
		equalCalls(t, network, map[string]int{"token": 1, "search": 3})
	})
}

func TestAuth0Down(t *testing.T) {
	tests := map[string]func(*http.Request) (*http.Response, error){
		"refuses connections": func(*http.Request) (*http.Response, error) {
			return nil, errors.New("connection refused")
		},
		"answers 500": func(*http.Request) (*http.Response, error) {
			return response(http.StatusInternalServerError, `oops`), nil
		},
		"answers HTML": func(r *http.Request) (*http.Response, error) {
			return response(http.StatusOK, `<html>`), nil
		},
		"answers without end": func(r *http.Request) (*http.Response, error) {
			return response(http.StatusOK, `["`+strings.Repeat("x", 9<<20)), nil
		},
		"refuses the credentials": func(r *http.Request) (*http.Response, error) {
			return response(http.StatusUnauthorized, `{"error": "access_denied"}`), nil
		},
		"refuses the scope": func(r *http.Request) (*http.Response, error) {
			if kind(r) == "token" {
				return nil, nil
			}
			return response(http.StatusForbidden, `{"statusCode": 403, "error": "Forbidden"}`), nil
		},
		"leads elsewhere": func(r *http.Request) (*http.Response, error) {
			if kind(r) == "token" {
				return nil, nil
			}
			elsewhere := response(http.StatusFound, "")
			elsewhere.Header.Set("Location", "http://elsewhere.test/")
			elsewhere.Request = r
			return elsewhere, nil
		},
		"hangs": func(r *http.Request) (*http.Response, error) {
			if kind(r) == "token" {
				return nil, nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	}
	for name, down := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")},
					auth0profile.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
				network.intercept(down)
				begin := time.Now()
				got := post(t, subgraph, query, representations("a|1", "", "a|2"))
				equalJSON(t, `{"data": {"_entities": [
					{"__typename": "users", "auth0_id": "a|1", "auth0_profile": null}, null,
					{"__typename": "users", "auth0_id": "a|2", "auth0_profile": null}]}}`, dataOf(t, got))
				want := []string{"_entities.0.auth0_profile" + unavailable, "_entities.2.auth0_profile" + unavailable}
				if diff := cmp.Diff(want, decode(t, got).sorted()); diff != "" {
					t.Errorf("errors, -want +got\n%s", diff)
				}
				for _, e := range decode(t, got).Errors {
					if e.Message != "the profile could not be had from Auth0" {
						t.Errorf("message %q", e.Message)
					}
				}
				if took := time.Since(begin); took > auth0profile.DefaultTimeout {
					t.Errorf("took %v", took)
				}
				if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "reason") ||
					strings.Contains(text, "a|1") || strings.Contains(text, "a%7C1") || strings.Contains(text, clientSecret) {
					t.Errorf("log %s", text)
				}

				network.intercept(nil) // Auth0 is back: a failure is not kept
				if faults := decode(t, post(t, subgraph, query, representations("a|1"))).faults(); faults != nil {
					t.Errorf("errors afterwards %v", faults)
				}
			})
		})
	}
}

// Auth0 may stop taking a token long before its end.
func TestRefusedTokenIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")}, auth0profile.Config{CacheTTL: -1})
		_, other := serve(t, auth0standin.Options{Users: users("a|1")}, auth0profile.Config{})
		post(t, subgraph, query, representations("a|1"))
		network.taken()

		network.handler = other.handler // which knows none of the tokens
		if faults := decode(t, post(t, subgraph, query, representations("a|1"))).faults(); faults != nil {
			t.Errorf("errors %v", faults)
		}
		equalCalls(t, network, map[string]int{"token": 1, "search": 2})

		network.intercept(func(r *http.Request) (*http.Response, error) {
			if kind(r) == "token" {
				return nil, nil
			}
			return response(http.StatusUnauthorized, `{"statusCode": 401}`), nil
		})
		for _, step := range []struct {
			after time.Duration
			calls map[string]int
		}{
			{0, map[string]int{"search": 1}}, // too soon for another token
			{time.Minute, map[string]int{"token": 1, "search": 2}},
			{time.Second, map[string]int{"search": 1}},
		} {
			time.Sleep(step.after)
			answer := decode(t, post(t, subgraph, query, representations("a|1")))
			if diff := cmp.Diff([]string{"_entities.0.auth0_profile" + unavailable}, answer.faults()); diff != "" {
				t.Errorf("errors, -want +got\n%s", diff)
			}
			equalCalls(t, network, step.calls)
		}
	})
}

// Requests wait for the one token together, none longer than its own time.
func TestTokenHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{}, auth0profile.Config{})
		network.intercept(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		begin := time.Now()
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				w := httptest.NewRecorder()
				subgraph.ServeHTTP(w, operation(t, query, representations("a|1")))
				if diff := cmp.Diff([]string{"_entities.0.auth0_profile" + unavailable}, decode(t, w.Body.String()).faults()); diff != "" {
					t.Errorf("errors, -want +got\n%s", diff)
				}
			})
		}
		wait.Wait()
		if took := time.Since(begin); took != auth0profile.DefaultTimeout {
			t.Errorf("took %v", took)
		}
	})
}

// Many requests back off at the same time.
func TestDownForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")}, auth0profile.Config{})
		network.intercept(func(r *http.Request) (*http.Response, error) {
			if kind(r) == "token" {
				return nil, nil
			}
			return nil, errors.New("connection refused")
		})
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				w := httptest.NewRecorder()
				subgraph.ServeHTTP(w, operation(t, query, representations("a|1")))
				if faults := decode(t, w.Body.String()).faults(); len(faults) != 1 {
					t.Errorf("errors %v", faults)
				}
			})
		}
		wait.Wait()
		equalCalls(t, network, map[string]int{"token": 1, "search": 60})
	})
}

func TestOnlyReadsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{Users: users("a|1", "new|1"), NotIndexed: []string{"new|1"}}, auth0profile.Config{})
		network.intercept(func(r *http.Request) (*http.Response, error) {
			if kind(r) == "read" {
				return response(http.StatusServiceUnavailable, `{}`), nil
			}
			return nil, nil
		})
		answer := decode(t, post(t, subgraph, query, representations("new|1", "a|1")))
		if diff := cmp.Diff([]string{"_entities.0.auth0_profile" + unavailable}, answer.faults()); diff != "" {
			t.Errorf("errors, -want +got\n%s", diff)
		}
		if answer.Data.Entities[1]["auth0_profile"] == nil {
			t.Errorf("entities %v", answer.Data.Entities)
		}
	})
}

// After a failure the other reads are not begun: at most as many fail as run side by side.
func TestReadsStopAtAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := make([]string, 50)
		for i := range ids {
			ids[i] = "no|" + string(rune('a'+i))
		}
		subgraph, network := serve(t, auth0standin.Options{}, auth0profile.Config{})
		network.intercept(func(r *http.Request) (*http.Response, error) {
			if kind(r) == "read" {
				return response(http.StatusServiceUnavailable, `{}`), nil
			}
			return nil, nil
		})
		answer := decode(t, post(t, subgraph, query, representations(ids...)))
		if len(answer.Errors) != len(ids) {
			t.Errorf("%d errors", len(answer.Errors))
		}
		if reads := network.taken()["read"]; reads > 8 {
			t.Errorf("%d reads", reads)
		}
	})
}

// A search that Auth0 can't read must not cost all its users their profiles.
func TestSearchIsRefused(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestURITooLong} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			subgraph, network := serve(t, auth0standin.Options{Users: users("a|1", "a|2")}, auth0profile.Config{})
			network.intercept(func(r *http.Request) (*http.Response, error) {
				if kind(r) == "search" {
					return response(status, `no`), nil
				}
				return nil, nil
			})
			answer := decode(t, post(t, subgraph, query, representations("a|1", "a|2")))
			if len(answer.Errors) > 0 || answer.Data.Entities[1]["auth0_profile"] == nil {
				t.Errorf("answer %+v", answer)
			}
			equalCalls(t, network, map[string]int{"token": 1, "search": 1, "read": 2})
		})
	}
}

func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subgraph, network := serve(t, auth0standin.Options{Users: users("a|1", "a|2")}, auth0profile.Config{})
		steps := []struct {
			name  string
			after time.Duration
			ids   []string
			calls map[string]int
		}{
			{"first", 0, []string{"a|1", "no|body"}, map[string]int{"token": 1, "search": 1, "read": 1}},
			{"both are kept", time.Second, []string{"a|1", "no|body"}, map[string]int{}},
			{"only what isn't kept is asked", time.Second, []string{"a|1", "a|2"}, map[string]int{"search": 1}},
			{"a missing user is asked again sooner", 2 * time.Second, []string{"a|1", "no|body"}, map[string]int{"search": 1, "read": 1}},
			{"a profile is asked again later", 26 * time.Second, []string{"a|1"}, map[string]int{"search": 1}},
		}
		for _, step := range steps {
			time.Sleep(step.after)
			if faults := decode(t, post(t, subgraph, query, representations(step.ids...))).faults(); faults != nil {
				t.Errorf("%s: errors %v", step.name, faults)
			}
			if diff := cmp.Diff(step.calls, network.taken()); diff != "" {
				t.Errorf("%s: calls, -want +got\n%s", step.name, diff)
			}
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	subgraph, network := serve(t, auth0standin.Options{Users: users("a|1", "a|2")}, auth0profile.Config{CacheSize: 1})
	for range 2 {
		for _, id := range []string{"a|1", "a|2"} {
			post(t, subgraph, query, representations(id))
		}
	}
	equalCalls(t, network, map[string]int{"token": 1, "search": 4})
}

// Nothing of a panic may reach the client, and the process stays up.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")},
		auth0profile.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	network.intercept(func(*http.Request) (*http.Response, error) { panic("a secret cause") })
	got := post(t, subgraph, query, representations("a|1"))
	if diff := cmp.Diff([]string{"_entities.0.auth0_profile INTERNAL_SERVER_ERROR"}, decode(t, got).faults()); diff != "" {
		t.Errorf("errors, -want +got\n%s", diff)
	}
	if strings.Contains(got, "secret") || !strings.Contains(log.String(), "secret cause") {
		t.Errorf("answer %s, log %s", got, log.String())
	}
	network.intercept(nil)
	if faults := decode(t, post(t, subgraph, query, representations("a|1"))).faults(); faults != nil {
		t.Errorf("errors afterwards %v", faults)
	}
}
