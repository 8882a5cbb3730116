/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Walk the mappings of a range of the current address space: how much of it is
 * locked, and where the first hole is. The kernel does the same inside mlock()
 * (count_mm_mlocked_page_nr), inlined where no hook reaches it.
 *
 * Exact when mmap_lock is held; else a sample. Bounded: a range of too many
 * pieces gives a lower bound, and a hole only where one was met.
 */
#ifndef MLT_VMAS_BODY_H
#define MLT_VMAS_BODY_H

#include "state.h"

#define MLT_WALK_STEPS 512  /* nodes of the tree and mappings visited */
#define MLT_LIST_STEPS 512 /* mappings of the list visited */
#define MLT_RB_STEPS 48	    /* depth of a red-black tree of 2^24 mappings */

/*
 * The steps below are global functions without arguments: the verifier looks at
 * such a function once, not again for every turn of the loop around it. But it
 * looks at it even where nobody calls it, so each asks for itself whether the
 * kernel has what it reads. What they work on is found through the current call.
 */
static __always_inline struct mlt_walk *mlt_walk_current(void)
{
	struct mlt_call *call = mlt_call_lookup();

	return call ? &call->walk : 0;
}

/* Account for one mapping or hole: [from at, to next). */
static __always_inline void mlt_walk_piece(struct mlt_walk *w, struct vm_area_struct *vma,
					   __u64 next)
{
	__u64 to = next < w->end ? next : w->end;

	if (vma) {
		if (!w->first)
			w->first = (__u64)vma;
		if (MLT_READ(vma, vm_flags) & MLT_VM_LOCKED)
			w->locked += to - w->at;
	} else if (w->hole == w->end) {
		w->hole = w->at;
	}
	w->at = next;
}

/*
 * One step down the maple tree towards `at`, lib/maple_tree.c: the low byte of
 * a node's address holds its type in bits 3 to 6. pivot[i] is the last index of
 * slot[i]; a pivot of 0 ends the node, whose last slot reaches to the node's
 * own maximum. Returns 1 when the walk is over.
 */
MLT_GLOBAL int mlt_walk_maple_step(void)
{
	struct mlt_walk *w = mlt_walk_current();
	__u64 node, below, type, index = 0, run = 1, pivot = 0, last = 15, pivot_off, slot_off;
	__u64 leaf, node_max;
	__u32 k;

	if (!mlt_mm_has_maple_tree() || !w)
		return 1;
	leaf = w->entry;
	node_max = w->max;
	node = w->entry & ~0xffULL;
	type = w->entry >> 3 & 0xf;
	below = w->at - 1;
	pivot_off = mlt_offsetof(struct maple_range_64, pivot);
	slot_off = mlt_offsetof(struct maple_range_64, slot);
	if (type == mlt_enum(enum maple_type, maple_arange_64)) {
		pivot_off = mlt_offsetof(struct maple_arange_64, pivot);
		slot_off = mlt_offsetof(struct maple_arange_64, slot);
		last = 9;
	}
	__builtin_memset(w->pivots, 0, sizeof(w->pivots));
	mlt_read_kernel(w->pivots, last * 8, (void *)(node + pivot_off));
	/* Length of the first run of pivots below `at`, without branches for the verifier to
	 * follow: user addresses stay below 2^63, and 0 - 1 becomes the largest value. */
	MLT_UNROLL
	for (k = 0; k < 15; k++) {
		run &= (((w->pivots[k] - 1) & ~(1ULL << 63)) - below) >> 63;
		index += run;
	}
	if (index < last) {
		mlt_read_kernel(&pivot, 8, (void *)(node + pivot_off + index * 8));
		if (pivot)
			w->max = pivot;
	}
	if (mlt_read_kernel(&w->entry, 8, (void *)(node + slot_off + index * 8)))
		return 1;
	if (type == mlt_enum(enum maple_type, maple_leaf_64)) {
		mlt_walk_piece(w, w->entry >= PAGE_BYTES ? (struct vm_area_struct *)w->entry : 0,
			       w->max + 1 ? w->max + 1 : w->end);
		/* On in this leaf, or from the root to the next one. */
		w->entry = w->max < node_max ? leaf : w->root;
		w->max = w->max < node_max ? node_max : ~0ULL;
	}
	return w->at >= w->end;
}

MLT_SUB int mlt_walk_maple(struct mlt_walk *w)
{
	struct task_struct *task = mlt_task();
	__u32 step;

	w->root = (__u64)MLT_READ(task, mm, mm_mt.ma_root);
	w->entry = w->root;
	w->max = ~0ULL;
	for (step = 0; step < MLT_WALK_STEPS; step++) {
		if (mlt_walk_maple_step())
			break;
	}
	return 0;
}

#ifdef MLT_MAPLE_TREE_ONLY /* a producer that knows no older kernels */
#define mlt_walk_list(w) ((void)0)
#else

/* Before the maple tree: down a red-black tree to the first mapping that ends above `at`. */
MLT_GLOBAL int mlt_walk_rb_step(void)
{
	struct mlt_walk *w = mlt_walk_current();
	struct vm_area_struct *vma;
	struct rb_node *node;

	if (mlt_mm_has_maple_tree() || !w || !w->max)
		return 1;
	node = (struct rb_node *)w->max;
	vma = (void *)node - mlt_offsetof(struct vm_area_struct, vm_rb);
	if (MLT_READ(vma, vm_end) > w->at) {
		w->entry = (__u64)vma;
		w->max = (__u64)MLT_READ(node, rb_left);
	} else {
		w->max = (__u64)MLT_READ(node, rb_right);
	}
	return 0;
}

/* Then along a list, sorted by address. Returns 1 when the walk is over. */
MLT_GLOBAL int mlt_walk_list_step(void)
{
	struct mlt_walk *w = mlt_walk_current();
	struct vm_area_struct *vma;
	__u64 start, end;

	if (mlt_mm_has_maple_tree() || !w)
		return 1;
	vma = (struct vm_area_struct *)w->entry;
	if (!vma) {
		mlt_walk_piece(w, 0, w->end);
		return 1;
	}
	start = MLT_READ(vma, vm_start);
	end = MLT_READ(vma, vm_end);
	w->entry = (__u64)MLT_READ(vma, vm_next);
	if (end > w->at && start > w->at)
		mlt_walk_piece(w, 0, start);
	if (end > w->at && w->at < w->end)
		mlt_walk_piece(w, vma, end);
	return w->at >= w->end;
}

MLT_SUB int mlt_walk_list(struct mlt_walk *w)
{
	struct task_struct *task = mlt_task();
	__u32 step;

	w->max = (__u64)MLT_READ(task, mm, mm_rb.rb_node);
	for (step = 0; step < MLT_RB_STEPS; step++) {
		if (mlt_walk_rb_step())
			break;
	}
	for (step = 0; step < MLT_LIST_STEPS; step++) {
		if (mlt_walk_list_step())
			break;
	}
	return 0;
}

#endif

/* From `at` to `end`, which lie in user space, with `hole` at `end`. */
static __always_inline void mlt_walk_range(struct mlt_walk *w)
{
	w->locked = 0;
	w->first = 0;
	if (mlt_mm_has_maple_tree())
		mlt_walk_maple(w);
	else
		mlt_walk_list(w);
}

/* Overlap and hole of the current call's range go into the call. */
MLT_GLOBAL int mlt_scan_range(void)
{
	struct mlt_call *call = mlt_call_lookup();
	struct mlt_walk *w;

	if (!call || call->scanned)
		return 0;
	call->scanned = 1;
	w = &call->walk;
	w->at = PAGE_DOWN(call->addr);
	w->end = PAGE_UP(call->addr + call->len);
	w->hole = w->end;
	if (w->at >= w->end || w->end >> 63)
		return 0;
	if (!w->at) { /* the first page is never mapped (vm.mmap_min_addr) */
		w->hole = 0;
		w->at = PAGE_BYTES;
	}
	mlt_walk_range(w);
	call->overlap = w->locked;
	if (w->at >= w->end)
		call->flags |= MLOCKTRACE_F_OVERLAP_KNOWN;
	if (w->hole < w->end) {
		call->flags |= MLOCKTRACE_F_HOLE;
		call->where = w->hole;
	}
	return 0;
}

#endif
