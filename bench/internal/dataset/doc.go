// Package dataset has the benchmark's data: 100,000 users and 500,000 posts, five of each user, in a database of its
// own named joinery_bench. It is made once on a server and found again.
package dataset
