//! Overlap: one stackful coroutine ([`Task`](task)), and the queue that decides who runs next.
