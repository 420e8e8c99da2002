//! What the tests share: a server of their own, ports and folders of their own.
